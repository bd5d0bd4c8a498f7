"""Frames, cutouts and the pictures made of them."""

from skyclass.images.augment import augment, check_augmentation
from skyclass.images.cutout import Cutouts, cut_field, cut_image
from skyclass.images.dataset import make_cutouts
from skyclass.images.export import export_cutouts
from skyclass.images.field import cut_objects, with_neighbours
from skyclass.images.frame import Frame, open_field
from skyclass.images.imagetype import COLOURS, Download, ImageType
from skyclass.images.photometry import APERTURE, aperture_flux, concentration
from skyclass.images.pictures import make_picture_cutouts, picture_request
from skyclass.images.registration import shift
from skyclass.images.render import Renderer, check_images, render
from skyclass.images.runners import on_cluster, on_threads
from skyclass.images.show import show
from skyclass.images.storage import CutoutInfo, StoredCutouts, open_cutouts, read_info
from skyclass.images.types import get_image_type, image_families, image_types, register

__all__ = [
    "APERTURE",
    "COLOURS",
    "CutoutInfo",
    "Cutouts",
    "Download",
    "Frame",
    "ImageType",
    "Renderer",
    "StoredCutouts",
    "aperture_flux",
    "augment",
    "check_augmentation",
    "check_images",
    "concentration",
    "cut_field",
    "cut_image",
    "cut_objects",
    "export_cutouts",
    "get_image_type",
    "image_families",
    "image_types",
    "make_cutouts",
    "make_picture_cutouts",
    "on_cluster",
    "on_threads",
    "open_cutouts",
    "open_field",
    "picture_request",
    "read_info",
    "register",
    "render",
    "shift",
    "show",
    "with_neighbours",
]
