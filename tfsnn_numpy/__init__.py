"""What needs NumPy alone, under both `tfsnn` and `tfsnn_stablehlo`.

::

    defaults   choices and defaults that the library and the command line share

Nothing here imports TensorFlow, Keras or `tfsnn`, so that exported programs run where
these are not installed.
"""
