"""A network as data: its graph, nodes and neurons, and what each operation costs."""
