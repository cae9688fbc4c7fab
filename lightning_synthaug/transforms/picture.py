"""Classical augmentation of images by strength."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from lightning_synthaug.errors import ConfigError, MissingDependency, install_hint

if TYPE_CHECKING:
    import albumentations as A

__all__ = ["images"]

#: For each strength: how far an image moves, how much its tones and its sharpness change, how many holes it gets.
_STRENGTHS: Final = {
    "light": {"turn": 7, "shift": 0.04, "scale": 0.05, "tone": 0.1, "noise": 0.02, "holes": 0},
    "medium": {"turn": 15, "shift": 0.08, "scale": 0.12, "tone": 0.2, "noise": 0.04, "holes": 1},
    "strong": {"turn": 30, "shift": 0.15, "scale": 0.25, "tone": 0.4, "noise": 0.08, "holes": 3},
}


def images(strength: Literal["light", "medium", "strong"] = "medium") -> A.Compose:
    """Make an albumentations pipeline that suits most images.

    It moves, turns, scales and shears, changes brightness, contrast and tones, blurs or adds noise; `"medium"` and
    `"strong"` also cut holes. All sizes are shares of the image, so that 28 x 28 and 2000 x 2000 pixels are changed
    alike. Nothing is mirrored, since a mirrored digit or letter is another one: put
    `albumentations.HorizontalFlip()` beside it where yours may be.

    Args:
        strength: How much an image changes.

    Returns:
        A pipeline for uint8 and float32 images in [0, 1], grey or of 3 or 4 channels, and for masks, boxes and points
        when it is a part of an `albumentations.Compose` that says how these are written.

    Raises:
        ConfigError: `strength` is none of the three (SA213).
        MissingDependency: albumentations is not installed (SA830).

    Example:
        >>> import numpy as np
        >>> pipeline = images("light")
        >>> pipeline(image=np.zeros((28, 28), np.uint8))["image"].shape
        (28, 28)
    """
    known = _STRENGTHS.get(strength)
    if known is None:
        words = ", ".join(map(repr, _STRENGTHS))
        msg = f"`strength` must be one of {words}, got {strength!r}. Choose one of these."
        raise ConfigError("SA213", msg)
    try:
        import albumentations as A
    except ImportError as error:
        msg = f"Ready-made image transforms need albumentations, got {error}. {install_hint('images')}"
        raise MissingDependency("SA830", msg) from error
    return A.Compose(_pipeline(A, **known))


def _pipeline(
    a: Any, *, turn: float, shift: float, scale: float, tone: float, noise: float, holes: float
) -> list[Any]:
    """List what is done to an image, one after the other."""
    made = [
        a.Affine(
            rotate=(-turn, turn),
            translate_percent=(-shift, shift),
            scale=(1 - scale, 1 + scale),
            shear=(-turn / 2, turn / 2),
            border_mode=1,  # OpenCV's BORDER_REPLICATE: a black border goes on black, and a photo has no black corners
            p=0.9,
        ),
        # Unlike hue and saturation, curves of each channel work for any number of them.
        a.RandomToneCurve(scale=tone / 2, per_channel=True, p=0.5),
        a.RandomBrightnessContrast((-tone, tone), (-tone, tone), p=0.7),
        a.OneOf(
            [
                a.GaussNoise(std_range=(0, noise), p=1),
                # By place: AlbumentationsX calls these two by other names.
                a.GaussianBlur((0, 0), (0.1, 0.3 + 10 * noise), p=1),
            ],
            p=0.4,
        ),
    ]
    if holes:
        size = (0.08, 0.25)
        made.append(
            a.CoarseDropout(
                num_holes_range=(1, int(holes)),
                hole_height_range=size,
                hole_width_range=size,
                p=0.4,
            )
        )
    return made
