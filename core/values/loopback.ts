/** Does the host name this machine itself? What is sent there crosses no network. As in URLs, or without the brackets of IPv6. */
export const isLoopback = (host: string): boolean =>
  /^(?:localhost|[^.]+\.localhost|\[?::1\]?|127(?:\.\d{1,3}){1,3})$/i.test(host);

/** Can nobody read or change on the way what goes there? By https, or to this machine itself. A URL has both. */
export const isPrivateWay = ({
  protocol,
  hostname,
}: {
  readonly protocol: string;
  readonly hostname: string;
}): boolean => protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
