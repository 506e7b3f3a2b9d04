/** What is wrong with the configuration, in words for the operator. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
