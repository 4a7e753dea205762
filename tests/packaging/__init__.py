"""What is built, what is told to package tools, and what an installation without this source tree can do."""
