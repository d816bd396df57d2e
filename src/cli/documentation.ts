import type { OperationName } from '../model/operations.js';

interface OperationText {
  /** What the operation does, in one sentence. */
  readonly summary: string;
  /** One sentence for each member of the input. */
  readonly members: Readonly<Record<string, string>>;
}

/** Members inside an image, wherever one stands. */
export const IMAGE_TEXTS: Readonly<Record<string, string>> = {
  Bytes: 'Blob of image bytes up to 5 MBs.',
  S3Object: 'Identifies an S3 object as the image source.',
  'S3Object.Bucket': 'Name of the S3 bucket.',
  'S3Object.Name': 'S3 object key name.',
  'S3Object.Version': 'If the bucket is versioning enabled, you can specify the object version.',
};

/** First sentences of the published service model, as the AWS CLI shows them (botocore 1.43). */
export const OPERATION_TEXTS: Readonly<Record<OperationName, OperationText>> = {
  CreateCollection: {
    summary: 'Creates a collection in an AWS Region.',
    members: {
      CollectionId: 'ID for the collection that you are creating.',
      Tags: ' A set of tags (key-value pairs) that you want to attach to the collection.',
    },
  },
  DeleteCollection: {
    summary: 'Deletes the specified collection.',
    members: {
      CollectionId: 'ID of the collection to delete.',
    },
  },
  DescribeCollection: {
    summary: 'Describes the specified collection.',
    members: {
      CollectionId: 'The ID of the collection to describe.',
    },
  },
  ListCollections: {
    summary: 'Returns list of collection IDs in your account.',
    members: {
      NextToken: 'Pagination token from the previous response.',
      MaxResults: 'Maximum number of collection IDs to return.',
    },
  },
  IndexFaces: {
    summary: 'Detects faces in the input image and adds them to the specified collection.',
    members: {
      CollectionId:
        'The ID of an existing collection to which you want to add the faces that are detected in the input images.',
      Image: 'The input image as base64-encoded bytes or an S3 object.',
      ExternalImageId: 'The ID you want to assign to all the faces detected in the image.',
      DetectionAttributes: 'An array of facial attributes you want to be returned.',
      MaxFaces: 'The maximum number of faces to index.',
      QualityFilter:
        'A filter that specifies a quality bar for how much filtering is done to identify faces.',
    },
  },
  ListFaces: {
    summary: 'Returns metadata for faces in the specified collection.',
    members: {
      CollectionId: 'ID of the collection from which to list the faces.',
      NextToken:
        'If the previous response was incomplete (because there is more data to retrieve), Amazon Rekognition returns a pagination token in the response.',
      MaxResults: 'Maximum number of faces to return.',
      UserId: 'An array of user IDs to filter results with when listing faces in a collection.',
      FaceIds: 'An array of face IDs to filter results with when listing faces in a collection.',
    },
  },
  DeleteFaces: {
    summary: 'Deletes faces from a collection.',
    members: {
      CollectionId: 'Collection from which to remove the specific faces.',
      FaceIds: 'An array of face IDs to delete.',
    },
  },
  SearchFaces: {
    summary:
      'For a given input face ID, searches for matching faces in the collection the face belongs to.',
    members: {
      CollectionId: 'ID of the collection the face belongs to.',
      FaceId: 'ID of a face to find matches for in the collection.',
      MaxFaces: 'Maximum number of faces to return.',
      FaceMatchThreshold:
        'Optional value specifying the minimum confidence in the face match to return.',
    },
  },
  SearchFacesByImage: {
    summary:
      'For a given input image, first detects the largest face in the image, and then searches the specified collection for matching faces.',
    members: {
      CollectionId: 'ID of the collection to search.',
      Image: 'The input image as base64-encoded bytes or an S3 object.',
      MaxFaces: 'Maximum number of faces to return.',
      FaceMatchThreshold:
        '(Optional) Specifies the minimum confidence in the face match to return.',
      QualityFilter:
        'A filter that specifies a quality bar for how much filtering is done to identify faces.',
    },
  },
  CreateUser: {
    summary: 'Creates a new User within a collection specified by CollectionId.',
    members: {
      CollectionId: 'The ID of an existing collection to which the new UserID needs to be created.',
      UserId: 'ID for the UserID to be created.',
      ClientRequestToken: 'Idempotent token used to identify the request to CreateUser.',
    },
  },
  DeleteUser: {
    summary: 'Deletes the specified UserID within the collection.',
    members: {
      CollectionId: 'The ID of an existing collection from which the UserID needs to be deleted.',
      UserId: 'ID for the UserID to be deleted.',
      ClientRequestToken: 'Idempotent token used to identify the request to DeleteUser.',
    },
  },
  ListUsers: {
    summary: 'Returns metadata of the User such as UserID in the specified collection.',
    members: {
      CollectionId: 'The ID of an existing collection.',
      MaxResults: 'Maximum number of UsersID to return.',
      NextToken: 'Pagingation token to receive the next set of UsersID.',
    },
  },
  AssociateFaces: {
    summary: 'Associates one or more faces with an existing UserID.',
    members: {
      CollectionId: 'The ID of an existing collection containing the UserID.',
      UserId: 'The ID for the existing UserID.',
      FaceIds: 'An array of FaceIDs to associate with the UserID.',
      UserMatchThreshold:
        'An optional value specifying the minimum confidence in the UserID match to return.',
      ClientRequestToken: 'Idempotent token used to identify the request to AssociateFaces.',
    },
  },
  DisassociateFaces: {
    summary: 'Removes the association between a Face supplied in an array of FaceIds and the User.',
    members: {
      CollectionId: 'The ID of an existing collection containing the UserID.',
      UserId: 'ID for the existing UserID.',
      ClientRequestToken: 'Idempotent token used to identify the request to DisassociateFaces.',
      FaceIds: 'An array of face IDs to disassociate from the UserID.',
    },
  },
  SearchUsers: {
    summary: 'Searches for UserIDs within a collection based on a FaceId or UserId.',
    members: {
      CollectionId:
        'The ID of an existing collection containing the UserID, used with a UserId or FaceId.',
      UserId: 'ID for the existing User.',
      FaceId: 'ID for the existing face.',
      UserMatchThreshold:
        'Optional value that specifies the minimum confidence in the matched UserID to return.',
      MaxUsers: 'Maximum number of identities to return.',
    },
  },
  SearchUsersByImage: {
    summary: 'Searches for UserIDs using a supplied image.',
    members: {
      CollectionId: 'The ID of an existing collection containing the UserID.',
      Image: 'Provides the input image either as bytes or an S3 object.',
      UserMatchThreshold: 'Specifies the minimum confidence in the UserID match to return.',
      MaxUsers: 'Maximum number of UserIDs to return.',
      QualityFilter:
        'A filter that specifies a quality bar for how much filtering is done to identify faces.',
    },
  },
  DetectFaces: {
    summary: 'Detects faces within an image that is provided as input.',
    members: {
      Image: 'The input image as base64-encoded bytes or an S3 object.',
      Attributes: 'An array of facial attributes you want to be returned.',
    },
  },
  CompareFaces: {
    summary:
      'Compares a face in the source input image with each of the 100 largest faces detected in the target input image.',
    members: {
      SourceImage: 'The input image as base64-encoded bytes or an S3 object.',
      TargetImage: 'The target image as base64-encoded bytes or an S3 object.',
      SimilarityThreshold:
        'The minimum level of confidence in the face matches that a match must meet to be included in the FaceMatches array.',
      QualityFilter:
        'A filter that specifies a quality bar for how much filtering is done to identify faces.',
    },
  },
  TagResource: {
    summary:
      'Adds one or more key-value tags to an Amazon Rekognition collection, stream processor, or Custom Labels model.',
    members: {
      ResourceArn:
        ' Amazon Resource Name (ARN) of the model, collection, or stream processor that you want to assign the tags to.',
      Tags: ' The key-value tags to assign to the resource.',
    },
  },
  UntagResource: {
    summary:
      'Removes one or more tags from an Amazon Rekognition collection, stream processor, or Custom Labels model.',
    members: {
      ResourceArn:
        ' Amazon Resource Name (ARN) of the model, collection, or stream processor that you want to remove the tags from.',
      TagKeys: ' A list of the tags that you want to remove.',
    },
  },
  ListTagsForResource: {
    summary:
      'Returns a list of tags in an Amazon Rekognition collection, stream processor, or Custom Labels model.',
    members: {
      ResourceArn:
        ' Amazon Resource Name (ARN) of the model, collection, or stream processor that contains the tags that you want a list of.',
    },
  },
};

/** Names the model gives to the elements of lists of texts, by operation and path: what an output skeleton shows. */
export const ELEMENT_NAMES: Readonly<Record<string, string>> = {
  'ListCollections.CollectionIds': 'CollectionId',
  'ListCollections.FaceModelVersions': 'String',
  'IndexFaces.UnindexedFaces.Reasons': 'Reason',
  'DeleteFaces.DeletedFaces': 'FaceId',
  'DeleteFaces.UnsuccessfulFaceDeletions.Reasons': 'UnsuccessfulFaceDeletionReason',
  'AssociateFaces.UnsuccessfulFaceAssociations.Reasons': 'UnsuccessfulFaceAssociationReason',
  'DisassociateFaces.UnsuccessfulFaceDisassociations.Reasons':
    'UnsuccessfulFaceDisassociationReason',
  'SearchUsersByImage.UnsearchedFaces.Reasons': 'UnsearchedFaceReason',
};
