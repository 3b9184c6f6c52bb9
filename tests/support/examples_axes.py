"""Examples of operations over axes, along one, and of products."""

import numpy as np
from keras import ops
from operation_calls import (
    BLOCK,
    MATRIX,
    PAIR,
    ROW,
    kernel,
    over,
    plain,
)

from examples import of

AXES = {
    "LogSoftmax": [*plain("log_softmax"), *plain("log_softmax", axis=1)],
    "Softmax": [*plain("softmax"), *plain("softmax", axis=1)],
    "Sparsemax": [*plain("sparsemax"), of(lambda x: ops.sparsemax(x, axis=1))],
    "Glu": [of(ops.glu), of(ops.glu, (4,)), of(lambda x: ops.glu(x, axis=1), (4, 3))],
    "Sum": over("sum"),
    "Mean": over("mean"),
    "Max": [*over("max"), of(lambda x: ops.max(x, 1, initial=0.5))],
    "Amax": over("amax"),
    "Min": [*over("min"), of(lambda x: ops.min(x, -1, initial=-0.5))],
    "Amin": over("amin"),
    "All": [
        of(lambda x: ops.all(x > -1, 1)),
        of(lambda x: ops.all(x > -1, (1, 2), keepdims=True)),
    ],
    "Any": [
        of(lambda x: ops.any(x > 1, -1)),
        of(lambda x: ops.any(x, (1, 2), keepdims=True)),
    ],
    "Var": over("var"),
    "Std": over("std"),
    "Prod": over("prod"),
    "Logsumexp": over("logsumexp"),
    "Moments": over("moments", "axes"),
    "CountNonzero": [
        of(lambda x: ops.count_nonzero(x > 0, 1)),
        of(lambda x: ops.count_nonzero(x > 0, (1, 2))),
    ],
    "Ptp": over("ptp"),
    "Median": over("median")[:-1] + over("median")[-1:],
    "Quantile": [
        of(lambda x: ops.quantile(x, 0.3, 1)),
        of(lambda x: ops.quantile(x, 0.3, (1, 2), keepdims=True)),
    ],
    "Percentile": [
        of(lambda x: ops.percentile(x, 30, 1)),
        of(lambda x: ops.percentile(x, 30, -1, keepdims=True)),
    ],
    "Average": [
        of(lambda x: ops.average(x, 1)),
        of(lambda x: ops.average(x, 2, weights=ROW[0])),
        of(lambda x: ops.average(x, 1, weights=BLOCK + 3)),
    ],
    "Norm": [
        of(lambda x: ops.norm(x, axis=-1)),
        of(lambda x: ops.norm(x, axis=(1, 2), keepdims=True)),
        of(lambda x: ops.norm(x, 1, axis=1)),
        of(lambda x: ops.norm(x, np.inf, axis=-1)),
        of(lambda x: ops.norm(x, -np.inf, axis=-1)),
        of(lambda x: ops.norm(x, 3, axis=-1)),
        of(lambda x: ops.norm(x, "fro", axis=(1, 2))),
    ],
    "Normalize": [
        of(ops.normalize),
        of(lambda x: ops.normalize(x, axis=(1, 2), epsilon=0.1)),
        of(lambda x: ops.normalize(x, order=1)),
        of(lambda x: ops.normalize(x, axis=1, order=3)),
    ],
    "BatchNorm": [
        of(lambda x: ops.batch_normalization(x, ROW[0], ROW[0] ** 2, axis=-1)),
        of(
            lambda x: ops.batch_normalization(
                x,
                MATRIX[0][:3],
                MATRIX[0][:3] ** 2,
                axis=1,
                offset=MATRIX[1][:3],
                scale=MATRIX[2][:3],
                epsilon=0.1,
            )
        ),
    ],
    "LayerNorm": [
        of(lambda x: ops.layer_normalization(x)),
        of(lambda x: ops.layer_normalization(x, ROW[0], ROW[0], epsilon=0.1)),
        of(lambda x: ops.layer_normalization(x, MATRIX[0][:3], MATRIX[1][:3], axis=1)),
        of(lambda x: ops.layer_normalization(x, MATRIX[:3, :4], axis=(1, 2))),
        of(lambda x: ops.layer_normalization(x, ROW[0], rms_scaling=True)),
    ],
    "RMSNorm": [
        of(lambda x: ops.rms_normalization(x)),
        of(lambda x: ops.rms_normalization(x, ROW[0], epsilon=0.1)),
        of(lambda x: ops.rms_normalization(x, axis=1)),
    ],
    "Cumsum": [
        of(lambda x: ops.cumsum(x, 1)),
        of(lambda x: ops.cumsum(x, -1)),
        of(lambda x: ops.cumsum(x, 1), (4,)),
    ],
    "Cumprod": [of(lambda x: ops.cumprod(x, 1)), of(lambda x: ops.cumprod(x, -1))],
    "Sort": [of(ops.sort), of(lambda x: ops.sort(x, 1))],
    "Diff": [
        of(ops.diff),
        of(lambda x: ops.diff(x, 2, axis=1)),
        of(lambda x: ops.diff(x, 0)),
    ],
    "Trapezoid": [
        of(ops.trapezoid),
        of(lambda x: ops.trapezoid(x, dx=0.5, axis=1)),
        of(lambda x: ops.trapezoid(x, x=[0.0, 1.0, 1.5, 4.0])),
    ],
    "Trace": [
        of(lambda x: ops.trace(x, axis1=1, axis2=2)),
        of(lambda x: ops.trace(x, 0, 1, 3), (3, 2, 3)),
    ],
    "Matmul": [
        of(lambda x: ops.matmul(x, BLOCK[0].T)),
        of(lambda x: x @ BLOCK[0].T, (4,)),
        of(ops.matmul, (3, 4), (4, 2)),
        of(lambda x, y: x @ y, (2, 3, 4), (2, 4, 3)),
        of(ops.matmul, (2, 3, 4), (1, 4, 3)),
        of(lambda x: ops.matmul(BLOCK[0].T, x)),
        of(lambda x: ops.matmul(x, MATRIX[None])),
        of(lambda x: ops.matmul(x, ROW[0])),
        of(lambda x: ops.matmul(ROW[0], x), (4, 3)),
        of(lambda x: ops.matmul(x, kernel(2, 4, 3)), (2, 3, 4)),
        of(lambda x: ops.matmul(kernel(2, 5, 3), x), (2, 3, 4)),
    ],
    "Dot": [
        of(lambda x: ops.dot(x, MATRIX)),
        of(lambda x: ops.dot(x, MATRIX), (4,)),
        of(lambda x: ops.dot(x, ROW[0])),
        of(lambda x: ops.dot(x, 2.0)),
        of(lambda x: ops.dot(x, kernel(2, 4, 5))),
    ],
    "Inner": [
        of(lambda x: ops.inner(x, MATRIX.T), (4,)),
        of(lambda x: ops.inner(x, ROW[0])),
    ],
    "Tensordot": [
        of(lambda x: ops.tensordot(x, MATRIX, 1)),
        of(lambda x: ops.tensordot(x, kernel(3, 4, 5))),
        of(lambda x: ops.tensordot(x, kernel(5, 3), axes=[[1], [1]])),
        of(lambda x: ops.tensordot(x, kernel(4, 3, 2), axes=([-1, 1], [0, 1]))),
    ],
    "Cross": [
        of(ops.cross, (4, 3), (4, 3)),
        of(lambda x: ops.cross(x, kernel(1, 4, 3)), (4, 3)),
        of(lambda x: ops.cross(np.array([1.0, 2.0, 3.0], np.float32), x), (3,)),
    ],
    "Einsum": [
        of(lambda x, y: ops.einsum("bij,bjk->bik", x, y), (3, 4), (4, 2)),
        of(lambda x, y: ops.einsum("bi,bj->bij", x, y), (3,), (4,)),
        of(lambda x: ops.einsum("bij,jk->bik", x, BLOCK[0].T)),
        of(lambda x: ops.einsum("bij,ij->bj", x, BLOCK[0])),
        of(lambda x: ops.einsum("...j,jk->...k", x, BLOCK[0].T)),
        of(lambda x: ops.einsum("kj,bij->bik", BLOCK[0], x)),
        of(lambda x, y: ops.einsum("b...j,b...j->b...", x, y), *PAIR),
        of(lambda x: ops.einsum("bij->bji", x)),
        of(lambda x: ops.einsum("bij->bj", x)),
        of(lambda x: ops.einsum("bii->bi", x), (3, 3)),
        of(lambda x, y: ops.einsum("bij,jk,bkl->bil", x, MATRIX, y), (3, 4), (5, 2)),
        of(lambda x: ops.einsum("bhwc,hk->bkwc", x, kernel(3, 5)), (3, 4, 2)),
    ],
}
