"""`lake replay`: what was rejected and is now understood, as history in the lake."""
