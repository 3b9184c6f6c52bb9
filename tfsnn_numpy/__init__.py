"""What needs NumPy alone, under both `tfsnn` and `tfsnn_stablehlo`.

::

    errors     what both raise on bad input
    results    what an evaluation gives: sums over samples, rows, tables

Nothing here imports TensorFlow, Keras or `tfsnn`, so that exported programs run where
these are not installed.
"""
