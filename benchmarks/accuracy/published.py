"""Measure the loss of each method beside the one that its paper published.

    python -m benchmarks.accuracy.published --calibration train.npz --data test.npz \
        --model saved_models/resnet20_cifar10/model.keras \
        --output benchmarks/results/published_resnet20_cifar10

Networks differ, so compare the loss against the ANN, not the accuracy. Methods
run with their defaults, but for the T of the figure. A figure is `read` in the source
named, or `recalled`, which is not checked. Where a paper trains the ANN for the
conversion, ours is not.
"""

from __future__ import annotations

from typing import Any

from benchmarks.accuracy.sweep import Setting, sweep
from benchmarks.tables import Page

LIGHT, FINE = {"correct": "bias"}, {"levels": 255}
# Method, T, network, accuracies of ANN and SNN in %, source, and options of ours.
FIGURES: list[tuple[str, int, str, float, float, str, dict[str, Any]]] = [
    ("rmp", 32, "CIFAR-10 VGG-16", 93.63, 60.30, "read, QCFS paper", {}),
    ("rts", 32, "CIFAR-10 ResNet-18", 95.46, 84.06, "read, QCFS paper", {}),
    ("opi", 16, "CIFAR-10 ResNet-20", 92.74, 87.22, "recalled", {}),
    ("opi", 32, "CIFAR-10 ResNet-20", 92.74, 91.88, "recalled", {}),
    ("snn_calibration", 16, "wide ResNet-20", 95.68, 93.89, "read, code", LIGHT),
    ("snn_calibration", 16, "wide ResNet-20", 95.68, 94.33, "read, code", {}),
    ("ltb", 32, "ImageNet ResNet-18", 69.76, 65.55, "read, paper", {}),
    ("snm", 64, "ImageNet VGG-16", 73.18, 71.50, "read, H-MT paper", {}),
    ("burst", 32, "ImageNet VGG-16", 74.0, 71.41, "read, a survey; ANN ~74", {}),
    ("srp", 8, "CIFAR-100 ResNet-20, trained", 69.94, 62.94, "read, code", {}),
    ("cos", 8, "CIFAR-100 ResNet-20, trained", 69.97, 67.17, "read, code", {}),
    ("qcfs", 8, "CIFAR-10 ResNet-20, trained", 91.77, 89.55, "read, paper", {}),
    ("hmt", 4, "ImageNet ResNet-18", 71.50, 69.02, "read, paper", {}),
    ("hmt", 2, "ImageNet ResNet-18", 71.50, 71.39, "read, paper", FINE),
    ("differential", 4, "ImageNet ResNet-18", 71.49, 70.07, "read, paper", {}),
    ("few_spikes", 10, "CIFAR-10 ResNet-50", 92.99, 92.42, "recalled", {}),
]
SETTINGS = {
    f"{method}, T={t}{', light' * (options == LIGHT)}": Setting(
        method,
        {"timesteps": t, **options},
        (t,),
        {
            "network": network,
            "ann": ann,
            "snn": snn,
            "published": ann - snn,
            "source": source,
            "options": options,
        },
    )
    for method, t, network, ann, snn, source, options in FIGURES
}
PAGE = Page(
    "{model}: beside what was published",
    "ANN {ann_accuracy:.2p} % on {samples:,} test samples; 1,024 calibration samples "
    "without labels. Measured on {machine}.",
    [
        (
            "method | T | ours: points lost | published | on | figure",
            "`{method}`{options:()} | {timesteps} | {loss:.2f} | {published:.2f} "
            "| {network} | {source}",
        )
    ],
)
main = sweep(PAGE, SETTINGS, draw=True)

if __name__ == "__main__":
    main()
