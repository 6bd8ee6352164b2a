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

/*
 * What phones take. Newer versions of iOS take more files, but nobody can say which phones a country has.
 */

/**
 * Files that one phone takes in a day: https://github.com/google/exposure-notifications-server/issues/425 names both
 * makers' documents (ENManager.detectExposures of iOS 13.5, Android API 1.3.2).
 */
export const PHONE_FILES_A_DAY = { ios: 15, android: 20 } as const;

/**
 * How often a day a phone matches keys, where it tells an app each contact by itself: Google's guide to the API
 * (https://developers.google.com/android/exposure-notifications/exposure-notifications-api, methods; cited in
 * https://github.com/Path-Check/gaen-mobile/pull/291), and of iOS https://github.com/Path-Check/gaen-mobile/pull/397. In this
 * mode no number of files is too many (https://github.com/Path-Check/gaen-mobile/pull/642).
 */
export const PHONE_CHECKS_A_DAY = { ios: 6, android: 6 } as const;

/**
 * Keys of one file that both makers hold to be the most: Exposure-Key-File-Format-and-Verification.pdf of Google, see
 * https://github.com/google/exposure-notifications-server/issues/481.
 */
export const PHONE_FILE_RECORDS = 750_000;

/** Bytes of export.bin that a phone should not have to take at once: https://github.com/corona-warn-app/cwa-server/pull/463. */
export const PHONE_FILE_BYTES = 16_000_000;

/** Bytes of a key that was valid for a whole day, as most are; a shorter one takes three more. */
export const USUAL_KEY_BYTES = 31;
