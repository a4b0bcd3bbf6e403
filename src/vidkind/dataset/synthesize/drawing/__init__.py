"""What all rendered scenes are drawn with: stage, canvas, text, noise.

In: a random generator and a size. Out: uint8 pictures. Needs Pillow and numpy; knows no category.
"""
