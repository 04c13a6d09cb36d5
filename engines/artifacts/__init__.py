"""The artifact repository: approved models as releases, in a folder or in JFrog Artifactory."""
