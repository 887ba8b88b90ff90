"""Sources of activity, a file each. Edges: they read files, processes and servers."""
