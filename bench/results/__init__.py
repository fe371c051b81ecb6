"""The public Python API: what ``import bench`` offers to scripts and notebooks, and the command line is written on."""
