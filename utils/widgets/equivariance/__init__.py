"""A note moved in time and pitch: which features move along?"""
