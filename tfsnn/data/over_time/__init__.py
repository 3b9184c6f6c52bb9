"""Data that changes over time: sequences of frames, and recordings of events.

A sample is a sequence ``(F, *shape)`` of F frames, each of the shape of one input.

======================= ==========================================================
:mod:`.settings`        what is asked for: number of frames, how events become frames
:mod:`.arrays`          arrays, npz files and datasets that hold frames already
:mod:`.folder`          folders with a class in each subfolder, of any kind of sequence
:mod:`.frames`          folders of frames, and animated GIFs
:mod:`.gif`             the structure of a GIF, read before it is decoded
:mod:`.events`          recordings of events, checked
:mod:`.binning`         events counted in frames
:mod:`.event_files`     npz files of recordings
:mod:`.recordings`      recordings of any source, opened as data
:mod:`.tonic_sets`      data sets of the package tonic
:mod:`.opening`         chooses between them
======================= ==========================================================
"""

from tfsnn.data.over_time.settings import OverTime

__all__ = ["OverTime"]
