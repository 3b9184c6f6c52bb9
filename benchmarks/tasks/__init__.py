"""Networks of every task on real images, and what their conversion keeps."""
