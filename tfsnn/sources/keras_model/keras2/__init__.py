"""Files of Keras 2: their configs as Keras 3 would have written them, as data."""
