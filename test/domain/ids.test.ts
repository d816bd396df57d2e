import { describe, expect, it } from 'vitest';
import {
  collectionArn,
  collectionOfArn,
  imageIdOf,
  newFaceId,
  shortCollectionArn,
} from '../../src/domain/ids.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const place = { region: 'eu-west-1', accountId: '123456789012' };

describe('ids', () => {
  it('gives equal photos equal image ids and others different ones', () => {
    const photo = Buffer.from('photo');
    expect(imageIdOf(photo)).toMatch(UUID);
    expect(imageIdOf(Buffer.from(photo))).toBe(imageIdOf(photo));
    expect(imageIdOf(Buffer.from('other'))).not.toBe(imageIdOf(photo));
  });

  it('makes face ids of the pattern the API demands', () => {
    expect(newFaceId()).toMatch(UUID);
  });

  it('spells ARNs both ways and reads both', () => {
    expect(collectionArn(place, 'c')).toBe(
      'arn:aws:rekognition:eu-west-1:123456789012:collection/c',
    );
    expect(shortCollectionArn(place, 'c')).toBe(
      'aws:rekognition:eu-west-1:123456789012:collection/c',
    );
    for (const arn of [collectionArn(place, 'c.d'), shortCollectionArn(place, 'c.d')])
      expect(collectionOfArn(place, arn)).toBe('c.d');
  });

  it('does not know resources of other places', () => {
    const elsewhere = collectionArn({ ...place, region: 'us-east-1' }, 'c');
    expect(collectionOfArn(place, elsewhere)).toBeUndefined();
    expect(collectionOfArn(place, 'arn:aws:s3:::bucket/collection/c')).toBeUndefined();
  });
});
