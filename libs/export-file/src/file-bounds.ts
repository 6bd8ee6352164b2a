/*
 * Every bound on a file, once: what an operator may set, what the server makes, and what a file is held against. The bounds
 * on a single key are in exposure-keys.
 */

/** Keys and revisions of one file. All of a file is in the memory of whoever reads it: about 40 MB for so many. */
export const MAX_FILE_RECORDS = 1_000_000;

/** Signatures of one file: phones read no more. */
export const MAX_SIGNERS = 10;

/**
 * Files of one batch; a batch that would be cut into more gets larger files. File n ends n seconds after its batch, which
 * must stay near its true end, and phones fetch 15 or 20 files a day.
 */
export const MAX_BATCH_FILES = 600;

/** Bytes of export.bin: no key takes more than 40, and the head is small. */
export const MAX_BIN_BYTES = 64 * 1024 * 1024;

/** Bytes of export.sig: ten signatures take 2 KB. */
export const MAX_SIG_BYTES = 64 * 1024;

/** Bytes of an archive: keys are random and hardly shrink. */
export const MAX_ARCHIVE_BYTES = MAX_BIN_BYTES + 8 * 1024 * 1024;
