/** Does the host name this machine itself? What is sent there crosses no network. As in URLs, or without the brackets of IPv6. */
export const isLoopback = (host: string): boolean =>
  /^(?:localhost|[^.]+\.localhost|\[?::1\]?|127(?:\.\d{1,3}){1,3})$/i.test(host);
