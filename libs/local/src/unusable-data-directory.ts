/** A data directory that cannot be used; the message is a sentence for the operator. */
export class UnusableDataDirectory extends Error {
  override readonly name = 'UnusableDataDirectory';
}
