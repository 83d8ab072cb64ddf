"""Those who offer help, and how they are vetted."""
