"""The commands of ``fm``, one file each: parse, call one use case, print."""
