"""`bench explain`: where in a photograph a method sees what.

* ``gradcam``: Grad-CAM maps of a layer.
* ``explanation``: the maps and probabilities behind one score.
* ``figure``: the maps over the photograph, and a bar chart.
* ``run``: explanation of a method's score of a photograph.
"""
