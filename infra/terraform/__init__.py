"""Terraform: modules, stages, and what runs it."""
