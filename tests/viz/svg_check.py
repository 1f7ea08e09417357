"""Reads the SVGs that viz/picture_svg.c writes, and finds what overlaps in them."""
import xml.etree.ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"small": 11, "large": 16}


class Text:
    def __init__(self, el):
        classes = el.get("class", "").split()
        size = next((SIZES[c] for c in classes if c in SIZES), 13)
        self.text = el.text or ""
        self.classes = classes
        self.x, self.y = float(el.get("x")), float(el.get("y"))
        self.w = len(self.text) * size * 0.602
        self.left = self.x - (self.w / 2 if "middle" in classes else self.w if "end" in classes else 0)
        self.right = self.left + self.w
        # letters reach from the cap height down to a little below the base line
        self.top, self.bottom = self.y - size * 0.75, self.y + size * 0.2

    def overlaps(self, other):
        return (self.left < other.right and other.left < self.right and
                self.top < other.bottom and other.top < self.bottom)


def read(data):
    """The root of an SVG in bytes or text; raises when it is no XML."""
    return ET.fromstring(data)


def texts(root):
    return [Text(el) for el in root.iter(SVG + "text") if el.text]


def overlaps(root):
    """Pairs of texts that lie over each other."""
    found, row = [], sorted(texts(root), key=lambda t: t.top)
    for i, a in enumerate(row):
        for b in row[i + 1:]:
            if b.top >= a.bottom:
                break
            if a.overlaps(b):
                found.append((a.text, b.text))
    return found


def outside(root):
    """Texts that reach over the page's edge."""
    x, y, w, h = map(float, root.get("viewBox").split())
    return [t.text for t in texts(root) if t.left < x or t.right > x + w or t.top < y or t.bottom > y + h]


def titles(root):
    """Tool tips: the texts of all <title> but the page's."""
    return [el.text for el in root.iter(SVG + "title")][1:]
