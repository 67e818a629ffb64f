"""`make bench`: our worker beside what people would pick instead, all real, measured in turns."""
