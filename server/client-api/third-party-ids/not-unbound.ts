/** No identity server is told of addresses, so none forgets one. */
export const NOT_UNBOUND = { id_server_unbind_result: 'no-support' };
