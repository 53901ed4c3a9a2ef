"""The page in the browser: who may see it, what it is told, what it says, and the loop that serves it."""
