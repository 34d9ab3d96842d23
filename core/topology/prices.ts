/**
 * What a GB costs that leaves a cluster, where config does not say: list prices of the first tier, dollars per GB (10^9
 * bytes), without discounts. A price that a mesh really pays belongs in its input.
 */
export interface Place {
  readonly cloud: string;
  readonly region: string;
}

interface ListPrices {
  /** To another region of the same cloud. */
  readonly otherRegion: number;
  /** To anywhere else over the internet. */
  readonly internet: number;
  /**
   * Between two clusters of one region, which are in different zones. AWS bills a GB twice: 0.01 where it leaves a zone
   * and 0.01 where it comes in; Google Cloud once, where it leaves.
   */
  readonly sameRegion: number;
  readonly source: string;
}

/**
 * `source` is whose price it is. The numbers were read on 2026-11-28 from two comparisons of these pages
 * (https://cloudtoolstack.com/blog/cloud-egress-cost-optimization, https://cloudcalcep.com/guides/egress-costs-guide.html),
 * for regions in the United States and Europe; other regions cost up to five times as much.
 */
const listPrices: Readonly<Record<string, ListPrices>> = {
  aws: {
    otherRegion: 0.02,
    internet: 0.09,
    sameRegion: 0.02,
    source: 'https://aws.amazon.com/ec2/pricing/on-demand/ (Data Transfer)',
  },
  gcp: {
    otherRegion: 0.02,
    internet: 0.12,
    sameRegion: 0.01,
    source: 'https://cloud.google.com/vpc/network-pricing (Premium Tier)',
  },
  azure: {
    otherRegion: 0.02,
    internet: 0.087,
    sameRegion: 0,
    source: 'https://azure.microsoft.com/pricing/details/bandwidth/',
  },
  onprem: { otherRegion: 0, internet: 0, sameRegion: 0, source: 'a line that is paid for whether it is used or not' },
};

/** Undefined: nothing is known of the cloud. */
export const dollarsPerGb = (from: Place, to: Place): number | undefined => {
  const prices = listPrices[from.cloud];
  if (prices === undefined) return undefined;
  if (from.cloud !== to.cloud) return prices.internet;
  return from.region === to.region ? prices.sameRegion : prices.otherRegion;
};
