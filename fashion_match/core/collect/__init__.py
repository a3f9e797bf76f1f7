"""From addresses of pictures to a folder of photos with what is known about them."""
