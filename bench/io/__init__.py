"""Input and output of files, images, archives and downloads."""
