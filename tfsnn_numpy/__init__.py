"""The parts of `tfsnn` and `tfsnn_stablehlo` that need NumPy alone.

::

    defaults       choices and defaults that the library and the command line share
    errors         errors that both raise on bad input
    files          files of users: regular ones only, with bounds
    json_text      JSON of users: of bounded size and depth, and of an expected form
    samples        samples that can be read again and again, checked batch by batch
    npz            samples in an npz file
    image_folder   samples as a folder of images by class, whoever reads the images
    images         an image read by Pillow, where TensorFlow is not there to do it
    opening        data by its path, to the file for its form
    results        the rows of an evaluation, and their tables

Nothing here imports TensorFlow, Keras or `tfsnn`, so that exported programs run where
these are not installed.
"""
