/**
 * Whether two addresses of a provider mean the same one. Where an issuer has no path, the slash at its end is no part of it for
 * whoever finds the provider by it, so either may be written down; what the provider says of itself is kept.
 */
export const isSameIssuer = (one: string, other: string): boolean =>
  one === other || hrefOf(one) === hrefOf(other);

const hrefOf = (issuer: string): string => (URL.canParse(issuer) ? new URL(issuer).href : issuer);
