"""Who says what a line needs: tools that share nothing with Seekline's own reading of code."""
