"""From a photo to a unit vector: decoding, preprocessing, backbones, engines, and models as folders."""
