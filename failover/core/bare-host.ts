/** As names are resolved and certificates made out: in a URL an IPv6 address stands in brackets, and may be written in several ways. */
export const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');
