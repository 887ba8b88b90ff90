"""What the kernel says of itself: status, doctor, metrics."""
