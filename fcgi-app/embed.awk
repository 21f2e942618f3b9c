# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC

# Print text files as C arrays of lines, so that a program can carry them:
# prefix_NAME[] per file, NAME being the file's name up to the first dot.
# A single string would pass the length that compilers must take.
#
#	awk -v prefix=schema_ -f embed.awk 1.sql 2.sql >schema-sql.h

FNR == 1 {
	if (open)
		print "\tNULL\n};"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\..*/, "", name)
	print "static const char *const " prefix name "[] = {"
	open = 1
}

{
	gsub(/\\/, "&&")
	gsub(/"/, "\\\"")
	print "\t\"" $0 "\\n\","
}

END {
	if (open)
		print "\tNULL\n};"
}
