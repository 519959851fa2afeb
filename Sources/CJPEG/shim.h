// jpeglib.h uses FILE and size_t without including what defines them.
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>
