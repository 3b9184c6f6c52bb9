"""Choices and defaults that the library and its command line share.

The command line shows them in its help, for which nothing heavy is to be imported.
"""

# Conversion (tfsnn.convert, tfsnn.calibration).
METHOD = "augmapping"  # where options are given, as a number of steps
ONE_SPIKE_METHOD = "ttfs"  # where none are
QUANTISED_METHOD = "radix"  # where every activation of the network is quantised
INTEGERS = ("int8", "int4", "int2", "ternary")  # formats of weights
PRECISIONS = ("float32", "bfloat16", *INTEGERS)
SCALES = ("channel", "layer")  # what integer weights share a scale
POTENTIAL_BITS = 24
LEAST_BITS, MOST_BITS = 8, 32  # of a potential
PRECISION = PRECISIONS[0]
CALIBRATION_BATCH_SIZE = 64
SEED = 0
HELD_BACK = 50  # samples that tfsnn convert tries a network on, at most
LARGEST_SEED = 2**31 - 1

# Choice and comparison (tfsnn.choose, tfsnn.compare).
TIMESTEPS = (1, 2, 4, 8, 16, 32)
MINIMISED = ("energy", "timesteps", "latency")
MAX_DROP = 0.5  # points, of outputs that decide
MAX_ERROR = 5.0  # per cent of the standard deviation, of outputs that are numbers
HOLDOUT = 500  # samples

# Evaluation (tfsnn.evaluate, tfsnn.report_page, tfsnn.calibrate_exit).
BATCH_SIZE = 50
ENERGY_PROFILE = "45nm-float32"
ENERGY_MODELS = (
    *(ENERGY_PROFILE, "45nm-float16", "45nm-int32", "45nm-int8"),
    *("lemaire", "bit-matched", "bit-matched-8bit", "loihi"),
)
SIMULATORS = ("auto", "tensorflow", "openvino")  # what simulates (SpikingModel.engine)
STRATEGIES = ("none", "mirrored", "multi_worker", "tpu")
EXIT_KINDS = ("margin", "entropy", "stable", "evidence")
EXIT_KIND = "evidence"
MAX_LOSS = 0.1  # points

# Inputs that change over time (SpikingModel.stream, tfsnn.evaluate).
READOUTS = ("mean", "last")  # or a number of frames

# Bulk prediction (tfsnn.predict_files).
PREDICTION_BATCH_SIZE = 64
SHARD_SIZE = 4096  # samples
IMAGE_KEY = "image/encoded"

# Fine-tuning (tfsnn.training.tune).
TUNING_EPOCHS = 2
TUNING_BATCH_SIZE = 64
TUNING_HOLDOUT = 2000  # samples
GRADIENTS = ("rates", "time", "time_packed")
# Slopes of spikes, the default first (tfsnn.surrogates).
SURROGATES = (
    *("arctan", "rectangle", "triangle", "sigmoid", "superspike"),
    "straight_through",
)
AUGMENTATIONS = ("flip", "shift")

# Training before conversion (tfsnn.training.train_quantised).
QUANTISED_LEVELS = 4
QUANTISED_EPOCHS = 3
QUANTISED_LEARNING_RATE = 3e-4

# Export (tfsnn.export) and import.
SERVED_BATCH_SIZES = (1, 8, 32)
SERVED_INPUTS = ("float", "uint8", "jpeg")
PLATFORMS = ("cpu", "cuda", "tpu")
STEP_RUNTIMES = ("litert", "onnx")
POOLINGS = ("sum", "average", "convolution")
RESETS = ("subtract", "zero")

# The development server (tfsnn.serve).
HOST = "127.0.0.1"
PORT = 8501  # of TF Serving's REST API
MAX_BATCH_SIZE = 32
BATCH_TIMEOUT_MICROS = 1000
QUEUE_SIZE = 100
MAX_REQUEST_BYTES = 32 * 2**20
NUM_VERSIONS = 1
POLL_SECONDS = 1.0  # as TF Serving
MAX_HEADER_BYTES = 16 * 2**10
MAX_URL_BYTES = 8 * 2**10
MAX_CONNECTIONS = 512
HEADER_TIMEOUT = 10.0  # seconds, as the next three
BODY_TIMEOUT = 30.0
IDLE_TIMEOUT = 30.0
SEND_TIMEOUT = 30.0
MAX_SESSIONS = 100
SESSION_TIMEOUT = 600.0  # seconds

# Data over time (tfsnn.OverTime). Units of the times of events, the default first.
TIME_UNITS = ("us", "ns", "ms", "s")
