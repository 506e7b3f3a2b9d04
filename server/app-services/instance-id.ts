/** By which clients name a network of an application service, unique among all services. */
export const instanceIdOf = (serviceId: string, networkId: string): string =>
  `${serviceId}|${networkId}`;
