"""A generator played with in the browser: sliders of what can be measured, walks, projection, masks, a map."""
