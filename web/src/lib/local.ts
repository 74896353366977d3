/** Whether a host is this very machine: links to it open nowhere else. */
export const isThisMachine = (hostname: string): boolean => /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
