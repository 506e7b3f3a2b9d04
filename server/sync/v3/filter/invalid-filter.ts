/** What is wrong with a filter, for the client to read. */
export class InvalidFilter extends Error {
  override readonly name = 'InvalidFilter';
}
