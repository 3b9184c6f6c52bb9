"""What needs NumPy alone, under both `tfsnn` and `tfsnn_stablehlo`.

::

    errors     what both raise on bad input

Nothing here imports TensorFlow, Keras or `tfsnn`, so that exported programs run where
these are not installed.
"""
