"""The page with the Like button, and what serves it on a laptop as CloudFront does on AWS."""
