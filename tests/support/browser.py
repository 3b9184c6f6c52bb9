"""Headless Chromium, for tests of pages."""

import html
import json
import re
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
# Of a root user, in a container, and without a word to anyone.
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *(
        "--disable-background-networking",
        "--disable-sync",
        "--disable-component-update",
    ),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--enable-logging=stderr"),
)
# The page is in a frame of its own, for a window is never as narrow as a phone.
FRAME = """<!DOCTYPE html><title>frame</title>
<iframe id="frame" style="border:0" srcdoc="{page}"></iframe><pre id="found"></pre>
<script>
console.log("the console is heard");
const frame = document.getElementById("frame");
function measured(width) {{
  frame.width = width; frame.height = 900;
  const page = frame.contentDocument, root = page.documentElement;
  const box = e => {{ const b = e.getBoundingClientRect();
    return [b.left, b.top, b.right, b.bottom]; }};
  return {{
    width: root.clientWidth, needed: root.scrollWidth,
    background: frame.contentWindow.getComputedStyle(root).backgroundColor,
    figures: Object.fromEntries([...page.querySelectorAll("figure")].map(f => {{
      const svg = f.querySelector("svg"), image = f.querySelector("img");
      return [f.id, {{
        box: box(svg || image || f),
        parts: svg ? [...svg.querySelectorAll("path,use,text,image")].length : 0,
        texts: svg ? [...svg.querySelectorAll("text")].map(
          t => [t.textContent, ...box(t)]) : [],
        loaded: image ? image.naturalWidth : 0}}];
    }})),
  }};
}}
frame.onload = () => {{
  const found = {{phone: measured(390), desktop: measured(1280)}};
  document.getElementById("found").textContent = JSON.stringify(found);
}};
</script>"""


def visit(page, folder, dark=False):
    """Open a page; what it measures on a phone and a desktop, and its console."""
    path = folder / "frame.html"
    path.write_text(FRAME.format(page=html.escape(page)), encoding="utf-8")
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    done = subprocess.run(
        [
            *(BROWSER, *FLAGS, scheme, f"--user-data-dir={folder / 'profile'}"),
            *("--window-size=1400,1000", "--dump-dom", path.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    return json.loads(html.unescape(found[1])), console
