"""What an honest plugin does: reads pictures with the libraries that the project ships for it."""

# A target prints its answer and takes the keywords of `plugin_host.main.serve` as they come.
# ruff: noqa: ANN401, T201, TID251

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def _picture(text: str) -> Any:
    import cv2
    import numpy as np

    page = np.full((120, 640, 3), 255, dtype=np.uint8)
    cv2.putText(page, text, (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 4)
    return page


def rapid(_document: dict[str, Any], **_rest: Any) -> int:
    from rapidocr import EngineType, RapidOCR

    engine = RapidOCR(
        params={
            "Det.engine_type": EngineType.OPENVINO,
            "Cls.engine_type": EngineType.OPENVINO,
            "Rec.engine_type": EngineType.OPENVINO,
        }
    )
    result = engine(_picture("HELLO 42"))
    print(json.dumps({"text": list(result.txts or ()), "uid": os.getuid()}), flush=True)
    return 0


def tesseract(document: dict[str, Any], **_rest: Any) -> int:
    import cv2
    import pytesseract

    path = Path(document["base"]) / "scratch" / "page.png"
    cv2.imwrite(str(path), _picture("HELLO 42"))
    print(json.dumps({"text": pytesseract.image_to_string(str(path)).strip()}), flush=True)
    return 0


def libraries(_document: dict[str, Any], **_rest: Any) -> int:
    import sqlite3
    import zoneinfo

    import msgspec
    import numpy as np
    import zmq

    context = zmq.Context(1)
    client = context.socket(zmq.DEALER)
    client.linger = 0
    client.close()
    context.term()
    memory = sqlite3.connect(":memory:")
    answer = {
        "numpy": int(np.arange(10).sum()),
        "msgspec": msgspec.json.decode(b"1"),
        "sqlite": memory.execute("select 1").fetchone()[0],
        "zone": str(zoneinfo.ZoneInfo("Europe/Berlin")),
    }
    print(json.dumps(answer), flush=True)
    return 0
