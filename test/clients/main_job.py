"""The main job through boto3: python3 main_job.py <endpoint> <folder with photos>. Prints what happened as JSON."""

import json
import sys
import uuid
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

endpoint, folder = sys.argv[1], Path(sys.argv[2])
client = boto3.client('rekognition', endpoint_url=endpoint)
collection = f'boto3-{uuid.uuid4()}'


def photo(person):
    return {'Bytes': (folder / f'{person}.jpg').read_bytes()}


def index(person):
    reply = client.index_faces(CollectionId=collection, Image=photo(person))
    return reply['FaceRecords'][0]['Face']['FaceId']


def associate(*face_ids):
    return client.associate_faces(CollectionId=collection, UserId='anna', FaceIds=list(face_ids))


def error_code(call):
    try:
        call()
    except ClientError as error:
        return error.response['Error']['Code']
    return None


client.create_collection(CollectionId=collection)
try:
    anna, elsewhere, clara = (index(person) for person in ('anna', 'annaElsewhere', 'clara'))
    client.create_user(CollectionId=collection, UserId='anna')
    first = associate(anna)
    second = associate(elsewhere, clara)
    found = client.search_users_by_image(CollectionId=collection, Image=photo('annaElsewhere'))
    about = client.describe_collection(CollectionId=collection)
    pages = client.get_paginator('list_faces').paginate(
        CollectionId=collection, PaginationConfig={'PageSize': 1}
    )
    try:
        client.delete_user(CollectionId=collection, UserId='ghost')
        missing = None
    except client.exceptions.ResourceNotFoundException as error:
        missing = error.response['Error']['Message']
    result = {
        'first': {
            'associated': len(first['AssociatedFaces']),
            'status': first['UserStatus'],
        },
        'second': {
            'associated': len(second['AssociatedFaces']),
            'refused': [
                reason
                for face in second['UnsuccessfulFaceAssociations']
                for reason in face['Reasons']
            ],
        },
        'found': found['UserMatches'][0]['User']['UserId'],
        'created': type(about['CreationTimestamp']).__name__,
        'pages': [len(page['Faces']) for page in pages],
        'missing': missing,
        'duplicate': error_code(lambda: client.create_collection(CollectionId=collection)),
        'validation': error_code(lambda: client.create_collection(CollectionId='not valid')),
    }
finally:
    client.delete_collection(CollectionId=collection)
print(json.dumps(result))
