"""What there is to say, as plain data; how it looks is the renderers' business."""
