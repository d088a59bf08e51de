"""Speed and memory of attnmt and its peers, side by side in one run."""
