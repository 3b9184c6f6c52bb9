"""Text: domain names, Arabic sentences, columns of tables."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from benchmarks.real.samples.sources import Sources, generator, recipe

LETTERS = "-.0123456789_abcdefghijklmnopqrstuvwxyz"
NAMES = """
wikipedia.org archive.org mozilla.org keras.io tensorflow.org
example.com example.org gutenberg.org arxiv.org nature.com sciencemag.org nasa.gov
weather.gov europa.eu bbc.co.uk lemonde.fr spiegel.de elpais.com asahi.com cnrs.fr
mit.edu stanford.edu ox.ac.uk ethz.ch openstreetmap.org kernel.org gnu.org apache.org
bookshop-of-the-north.com my-little-garden.net coffeeandcake.de sunnyholidays.es
"""
SENTENCES = """
ذهب الولد إلى المدرسة في الصباح
كتب المعلم الدرس على السبورة
يشرب القط الحليب في المطبخ
تشرق الشمس كل يوم من الشرق
قرأت كتابا جميلا عن تاريخ العلوم
سافر أخي إلى القاهرة في الصيف الماضي
المكتبة مفتوحة من الصباح إلى المساء
يحب الأطفال اللعب في الحديقة
وصل القطار متأخرا بسبب المطر
العلم نور والجهل ظلام
من جد وجد ومن زرع حصد
طبخت أمي طعاما لذيذا للضيوف
السماء صافية والهواء نقي اليوم
زرنا المتحف الوطني مع أصدقائنا
يعمل أبي طبيبا في المستشفى الكبير
البحر هادئ والسفينة تسير ببطء
شاهدنا فيلما عن حياة الحيوانات
تعلم اللغة العربية يحتاج إلى الصبر
فتح الرجل الباب ودخل البيت
غنت الطيور فوق أغصان الشجرة
نام الطفل بعد يوم طويل
اشتريت خبزا وفاكهة من السوق
الصديق وقت الضيق
سمعت خبرا سارا في المذياع
""".strip().splitlines()

THAI = """
วันนี้อากาศดีมากเราจึงไปเดินเล่นที่สวนสาธารณะ เด็กนักเรียนอ่านหนังสือในห้องสมุดของโรงเรียน
แม่ทำอาหารเย็นให้ทุกคนในครอบครัว รถไฟออกจากสถานีตอนเจ็ดโมงเช้า
ภาษาไทยเขียนติดกันโดยไม่มีช่องว่างระหว่างคำ นกร้องเพลงอยู่บนต้นไม้ใหญ่หน้าบ้าน
พ่อซื้อผลไม้และขนมจากตลาดน้ำ ฝนตกหนักทำให้น้ำท่วมถนนหลายสาย
"""


@recipe
def domain_names(sources: Sources, count: int, length: int) -> np.ndarray:
    """Encode names of web sites and random ones ``(N, length)``, in turn."""
    rng, names = generator(), NAMES.split()
    codes = np.zeros((count, length), np.float32)
    for i, row in enumerate(codes):
        name = names[i // 2 % len(names)]
        if i % 2:
            drawn = rng.choice(list(LETTERS[13:]), rng.integers(8, 24))
            name = "".join(drawn) + rng.choice([".com", ".net", ".ru", ".info"])
        row[: len(name)] = [LETTERS.index(letter) for letter in name]
    return codes


@recipe
def arabic(sources: Sources, count: int, length: int) -> np.ndarray:
    """Encode Arabic sentences ``(N, length)`` as shakkala numbers their letters."""
    numbers = _dictionary(sources.find("shakkala/dictionary/input_vocab_to_int.pickle"))
    codes = np.zeros((count, length), np.float32)
    for i, row in enumerate(codes):
        turns = i // len(SENTENCES)  # the next time with the next one behind it
        first = SENTENCES[i % len(SENTENCES)]
        places = i + 7 * np.arange(1, turns + 1)
        more = [SENTENCES[place % len(SENTENCES)] for place in places]
        letters = " ".join([first, *more])[:length]
        row[: len(letters)] = [numbers.get(c, numbers["<UNK>"]) for c in letters]
    return codes


@recipe
def columns(sources: Sources, count: int, file: str, length: int) -> np.ndarray:
    """Encode lines of a table ``(N, length)`` as DataProfiler numbers characters."""
    text = sources.find(file).read_text(errors="replace")
    codes = np.zeros((count, length), np.float32)
    starts = generator().integers(0, max(1, len(text) - length), count)
    for row, start in zip(codes, starts, strict=True):
        piece = text[start : start + length].encode("ascii", "replace")
        row[: len(piece)] = np.frombuffer(piece, "u1").astype(np.float32) + 1
    return codes


@recipe
def thai(sources: Sources, count: int) -> dict[str, np.ndarray]:
    """Encode letters of Thai text, and their kinds, with ten on each side.

    By deepcut's own code, ``(N, 21)`` for each of its inputs.
    """
    code = runpy.run_path(str(sources.find("deepcut/utils.py")))
    letters, kinds = code["create_feature_array"](" ".join(THAI.split()))
    order = generator().permutation(len(letters))[:count]
    names = ("input_layer", "input_layer_1")
    parts = (letters[order], kinds[order])
    return {n: x.astype(np.float32) for n, x in zip(names, parts, strict=True)}


class _Plain(pickle.Unpickler):
    """A reader of pickles of plain values, which refuses what could run."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module}.{name}: only plain values are read")


def _dictionary(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return _Plain(file).load()
