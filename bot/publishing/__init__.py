"""From a draft to the library that serves: versions on disk, uploads, findings, building, publishing."""
